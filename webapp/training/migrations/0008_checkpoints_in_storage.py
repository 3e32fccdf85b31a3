"""Checkpoints that came of runs and imports move from the data folder into the site's storage."""

import json
import shutil
from functools import partial
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import migrations, models, transaction

import webapp.training.models.checkpoints


def move_into_storage(apps, schema_editor):
    """Store what lies in the data folder; a row whose files are not there stays as it is."""
    alias = schema_editor.connection.alias
    for row in apps.get_model("training", "Checkpoint").objects.using(alias).exclude(folder=""):
        folder = Path(settings.DATA_DIR) / "checkpoints" / row.folder
        if not (folder / "weights.safetensors").is_file():
            continue
        stored = f"checkpoints/{row.digest}-{uuid4().hex[:8]}"
        with (folder / "weights.safetensors").open("rb") as file:
            default_storage.save(f"{stored}/weights.safetensors", File(file))
        card = json.dumps(row.card, indent=2, ensure_ascii=False) + "\n"
        default_storage.save(f"{stored}/card.json", ContentFile(card.encode()))
        row.weights, row.folder = f"{stored}/weights.safetensors", ""
        row.save(update_fields=["weights", "folder"])
        transaction.on_commit(partial(shutil.rmtree, folder, ignore_errors=True), using=alias)


class Migration(migrations.Migration):
    dependencies = [("training", "0007_sweeps")]

    operations = [
        migrations.AlterField("checkpoint", "folder", models.CharField(blank=True, max_length=255)),
        migrations.AddField(
            "checkpoint",
            "weights",
            models.FileField(blank=True, max_length=200, upload_to=webapp.training.models.checkpoints.checkpoint_path),
        ),
        migrations.RunPython(move_into_storage),
    ]
