"""Where every address of the site leads."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

handler500 = "webapp.core.failures.page_failed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/password_change/", RedirectView.as_view(pattern_name="account")),  # where guesses are counted
    path("admin/", admin.site.urls),
]
for prefix, module in (
    ("account/", "webapp.accounts.urls"),
    ("api/v1/", "webapp.api.urls"),
    ("faces/", "webapp.faces.urls"),
    ("", "webapp.recognition.urls"),
    ("", "webapp.site.urls"),
):
    if find_spec(module.rsplit(".", 1)[0]) and find_spec(module):
        urlpatterns.append(path(prefix, include(module)))
