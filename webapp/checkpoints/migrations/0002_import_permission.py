"""Give taking in a checkpoint a permission of its own."""

from django.db import migrations


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
    ]
