"""What the config of every method has, and words that several share."""

from dataclasses import dataclass, field

from mlcore.config import BACKBONES, VIEWS, BackboneConfig
from mlcore.settings import Config, setting

HEAD_INITS = ("prototypes", "shared")


@dataclass(frozen=True, kw_only=True)
class MethodConfig(Config):
    """What every method has."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    adapter: int = setting(
        0,
        minimum=0,
        maximum=4096,
        label="Adapter units",
        help="Hidden units of a small network on top of a pretrained backbone; only they are trained. 0 has none.",
    )
    views: str = setting(
        "none",
        choices=VIEWS,
        label="Test-time augmentation",
        help="Averages the embeddings of several views of a picture: slower to answer, and a little surer.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        pretrained = BACKBONES[self.backbone.name].pretrained
        self._require("adapter", pretrained or self.adapter == 0, f"0 with {self.backbone.name}, which is trained")
        self._require("views", not pretrained or self.views == "none", f"none with {self.backbone.name}")
