import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import webapp.training.models.imports


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0010_versions_deleted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckpointImport",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("running", "running"),
                            ("ready", "ready"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="queued",
                        editable=False,
                        max_length=9,
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("max_attempts", models.PositiveSmallIntegerField(default=3, editable=False)),
                ("lease_owner", models.CharField(blank=True, default="", editable=False, max_length=128)),
                ("lease_expires", models.DateTimeField(blank=True, editable=False, null=True)),
                ("sent_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("times_sent", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("started", models.DateTimeField(blank=True, editable=False, null=True)),
                ("finished", models.DateTimeField(blank=True, editable=False, null=True)),
                ("cancel_requested", models.BooleanField(default=False, editable=False)),
                ("progress", models.FloatField(default=0.0, editable=False)),
                ("progress_text", models.CharField(blank=True, default="", editable=False, max_length=200)),
                ("error_code", models.CharField(blank=True, default="", editable=False, max_length=64)),
                ("error", models.TextField(blank=True, default="", editable=False)),
                ("upload", models.FileField(upload_to=webapp.training.models.imports.import_path)),
                ("original_name", models.CharField(max_length=100, verbose_name="file")),
                (
                    "checkpoint",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="training.checkpoint",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "checkpoint import",
                "verbose_name_plural": "checkpoint imports",
                "ordering": ["-created"],
                "abstract": False,
                "default_permissions": (),
                "indexes": [models.Index(fields=["status", "lease_expires"], name="training_checkpointimport_due")],
            },
        ),
    ]
