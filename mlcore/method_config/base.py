"""What the config of every method has, and words that several share."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from mlcore.config import BACKBONES, VIEWS, BackboneConfig
from mlcore.settings import Config, setting

HEAD_INITS = ("prototypes", "shared")


@dataclass(frozen=True, kw_only=True)
class MethodConfig(Config):
    """What every method has.

    output: whether the method works on the backbone's `embedding`, or on its last `map`.
    """

    output: ClassVar[str] = "embedding"

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
        self._require(
            "adapter", self.is_pretrained or self.adapter == 0, f"0 with {self.backbone.name}, which is trained"
        )
        self._require("views", not self.is_pretrained or self.views == "none", f"none with {self.backbone.name}")

    @property
    def is_pretrained(self) -> bool:
        """Return whether its backbone comes with weights, which stay frozen, so that its adapter alone is trained."""
        return BACKBONES[self.backbone.name].pretrained

    @property
    def to_go_on(self) -> dict[str, Any]:
        """Return the settings, by dotted name, that a method has to share to go on from this one's trained backbone.

        Where that is an adapter of no units nothing was trained, and any adapter will do: it begins by changing
        nothing.
        """
        shared: dict[str, Any] = {"backbone.name": self.backbone.name}
        if not self.is_pretrained:
            shared["backbone.width"] = self.backbone.width
        elif self.adapter:
            shared["adapter"] = self.adapter
        return shared
