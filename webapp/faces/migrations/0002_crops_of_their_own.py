"""Crops move out of the rows of enrolled faces, whose numbers are read without them."""

import django.db.models.deletion
from django.db import migrations, models

OUT = "INSERT INTO faces_facecrop (face_id, jpeg) SELECT id, crop FROM faces_enrolledface"
BACK = """
    UPDATE faces_enrolledface
    SET crop = (SELECT jpeg FROM faces_facecrop WHERE faces_facecrop.face_id = faces_enrolledface.id)
"""


class Migration(migrations.Migration):
    dependencies = [("faces", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="FaceCrop",
            fields=[
                (
                    "face",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="crop",
                        serialize=False,
                        to="faces.enrolledface",
                    ),
                ),
                ("jpeg", models.BinaryField(help_text="JPEG of 150×150 pixels.")),
            ],
            options={"verbose_name": "crop of a face", "verbose_name_plural": "crops of faces"},
        ),
        migrations.AlterField("enrolledface", "crop", models.BinaryField(null=True)),  # as it is on the way back
        migrations.RunSQL(OUT, BACK),
        migrations.RemoveField("enrolledface", "crop"),
    ]
