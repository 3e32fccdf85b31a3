"""Give taking in a checkpoint a permission of its own, and take the server's folders out of the commands on cards."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations

from mlcore.checkpoints.commands import portable


def write_commands_anew(apps: Apps, schema_editor: Any) -> None:
    """Shorten absolute paths in the commands of cards, as they are written from now on."""
    for name in ("Checkpoint", "Publication"):
        for row in apps.get_model("checkpoints", name).objects.all():
            command = row.card.get("command") if isinstance(row.card, dict) else None
            if isinstance(command, str) and portable(command) != command:
                row.card["command"] = portable(command)
                row.save(update_fields=["card"])


class Migration(migrations.Migration):
    dependencies = [("checkpoints", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="checkpoint",
            options={
                "ordering": ["kind", "-live", "-created", "name"],
                "permissions": [
                    ("publish_checkpoint", "Can publish and roll back checkpoints"),
                    ("import_checkpoint", "Can import checkpoints"),
                ],
                "verbose_name": "checkpoint",
                "verbose_name_plural": "checkpoints",
            },
        ),
        migrations.RunPython(write_commands_anew, migrations.RunPython.noop),
    ]
