"""Scopes and expiry for tokens, and how often things were tried. Tokens made before keep every right, for ever."""

import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

AXES = ("axes_accessattemptexpiration", "axes_accessattempt", "axes_accesslog", "axes_accessfailurelog")
"""Tables of an app that counted attempts to sign in before: names, addresses and browsers, kept for ever."""


def forget_axes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop what django-axes left, where it was installed."""
    existing = schema_editor.connection.introspection.table_names()
    for table in AXES:
        if table in existing:
            schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(table)}")
    apps.get_model("contenttypes", "ContentType").objects.filter(app_label="axes").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="expires",
            field=models.DateTimeField(blank=True, help_text="Empty for a token that never does.", null=True),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                choices=[
                    ("read", "Read: look at what you have"),
                    ("classify", "Classify: read, and ask about pictures and faces"),
                    ("train", "Train: everything, with making, changing and deleting"),
                ],
                default="train",
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="Attempts",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("throttle", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=64)),
                ("opened", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("used", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "attempts",
                "verbose_name_plural": "attempts",
                "constraints": [
                    models.UniqueConstraint(fields=("throttle", "subject"), name="one_row_per_throttle_and_subject")
                ],
            },
        ),
        migrations.RunPython(forget_axes, migrations.RunPython.noop),
    ]
