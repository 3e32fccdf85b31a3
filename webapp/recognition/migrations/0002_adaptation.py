from django.core.files.storage import default_storage
from django.db import migrations, models


def weigh_states(apps, schema_editor):
    """Fill in how large the states are that were kept before."""
    Classifier = apps.get_model("recognition", "Classifier")
    for row in Classifier.objects.exclude(state_file="").only("state_file").iterator():
        if default_storage.exists(row.state_file.name):
            Classifier.objects.filter(pk=row.pk).update(bytes=default_storage.size(row.state_file.name))


class Migration(migrations.Migration):
    dependencies = [("recognition", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="classifier",
            name="bytes",
            field=models.PositiveIntegerField(default=0, help_text="Of the adapted state."),
        ),
        migrations.AddField(
            model_name="classifier",
            name="loss",
            field=models.FloatField(blank=True, help_text="Of the support set at the last inner step.", null=True),
        ),
        migrations.AddField(
            model_name="classifier",
            name="steps",
            field=models.PositiveIntegerField(
                blank=True, help_text="Inner steps; none if the method has none.", null=True
            ),
        ),
        migrations.RunPython(weigh_states, migrations.RunPython.noop),
    ]
