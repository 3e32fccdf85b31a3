"""The support set page: classes, what is still missing, and Learn."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.accounts.services import owner_for_writing
from webapp.core.responses import done, fragment, go
from webapp.recognition import selectors, services
from webapp.recognition.methods.catalogue import method_choices
from webapp.recognition.methods.kinds import kind_choices
from webapp.recognition.models import SupportClass, SupportSet
from webapp.recognition.retention import guest_hours

CHANGED = {"HX-Trigger": "support-set-changed"}
"""The headers by which a page looks again at what is still missing."""


@require_POST
def new(request: OwnedRequest) -> HttpResponse:
    """Make an empty support set and open it."""
    support_set = services.create_support_set(owner=owner_for_writing(request), name=_("My classifier"))
    return redirect("support_set", support_set.id)


@require_safe
def show(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Show the classes with their pictures."""
    support_set = find_support_set(request, support_set_id)
    context = {
        **board(support_set),
        **learn_panel(request, support_set),
        "guest_hours": guest_hours(),
        "zip_import": support_set.zip_imports.active().first(),
        "zip_upload": support_set.zip_uploads.first(),
    }
    return render(request, "recognition/support_set.html", context)


@require_safe
def readiness(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Show anew what is missing, and what may be learned with."""
    support_set = find_support_set(request, support_set_id)
    return render(request, "recognition/_learn.html", {**board(support_set), **learn_panel(request, support_set)})


@require_POST
def allow_improvement(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Let the models learn from the support set, or take that back."""
    support_set = find_support_set(request, support_set_id)
    services.allow_improvement(support_set=support_set, allowed=request.POST.get("allowed") == "yes")
    if not request.htmx:
        return redirect("support_set", support_set_id)
    return render(request, "recognition/_improvement.html", {"support_set": support_set})


@require_POST
def rename(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    support_set = find_support_set(request, support_set_id)
    services.rename_support_set(support_set=support_set, name=request.POST.get("name", ""))
    return done(request, "support_set", support_set_id, headers=CHANGED)


@require_POST
def delete(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Delete the support set, its pictures and its classifiers."""
    services.delete_support_set(support_set=find_support_set(request, support_set_id))
    if request.POST.get("from") == "list":
        return done(request, "my_classifiers")
    return go(request, "my_classifiers")


@require_POST
def learn(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Start to learn from the pictures as they are now."""
    support_set = find_support_set(request, support_set_id)
    choice = sent_choice(request)
    classifier = services.start_classifier(owner=support_set.owner, support_set=support_set, **choice)
    return redirect("classifier", classifier.id)


@require_POST
def add_class(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Add an empty class at the end."""
    support_set = find_support_set(request, support_set_id)
    support_class = services.add_class(support_set=support_set, name=request.POST.get("name", ""))
    return _class_card(request, support_set, support_class)


@require_POST
def order_classes(request: OwnedRequest, support_set_id: UUID) -> HttpResponse:
    """Put the classes in another order."""
    support_set = find_support_set(request, support_set_id)
    services.reorder_classes(support_set=support_set, names=request.POST.getlist("order"))
    return done(request, "support_set", support_set_id, headers=CHANGED)


@require_POST
def rename_class(request: OwnedRequest, support_set_id: UUID, class_id: UUID) -> HttpResponse:
    support_class = find_class(request, support_set_id, class_id)
    services.rename_class(support_class=support_class, name=request.POST.get("name", ""))
    return done(request, "support_set", support_set_id, headers=CHANGED)


@require_POST
def delete_class(request: OwnedRequest, support_set_id: UUID, class_id: UUID) -> HttpResponse:
    """Delete a class, and offer to undo it."""
    support_class = find_class(request, support_set_id, class_id)
    services.delete_class(support_class=support_class)
    sentence = _("“%(name)s” is deleted.") % {"name": support_class.name}
    undo = sentence, reverse("class_restore", args=[support_set_id, class_id])
    return done(request, "support_set", support_set_id, undo=undo, headers=CHANGED)


@require_POST
def restore_class(request: OwnedRequest, support_set_id: UUID, class_id: UUID) -> HttpResponse:
    """Bring a deleted class back to where it was."""
    support_class = find_class(request, support_set_id, class_id)
    services.restore_class(support_class=support_class)
    before = support_class.support_set.classes.present().filter(position__lt=support_class.position).last()
    response = _class_card(request, support_class.support_set, support_class)
    response["HX-Retarget"] = f"#class-{before.id}" if before else "#classes"
    response["HX-Reswap"] = "afterend" if before else "afterbegin"
    return response


def find_support_set(request: OwnedRequest, support_set_id: UUID) -> SupportSet:
    """Return a support set of the owner; raise Http404 if there is none."""
    return get_object_or_404(SupportSet.objects.owned_by(request.owner), id=support_set_id)


def find_class(request: OwnedRequest, support_set_id: UUID, class_id: UUID) -> SupportClass:
    """Return a class of the owner, deleted or not; raise Http404 if there is none."""
    owned = SupportClass.objects.owned_by(request.owner).select_related("support_set__owner")
    return get_object_or_404(owned, id=class_id, support_set=support_set_id)


def board(support_set: SupportSet) -> dict[str, Any]:
    """Return what the class cards show."""
    classes = selectors.classes_with_pictures(support_set)
    pictures = sum(len(support_class.pictures) for support_class in classes)  # type: ignore[attr-defined, misc]
    return {
        "support_set": support_set,
        "classes": classes,
        "picture_count": pictures,
        "limits": settings.GLIMPSE_LIMITS,
    }


def learn_panel(request: OwnedRequest, support_set: SupportSet) -> dict[str, Any]:
    """Return what the panel beside the cards shows; a choice the person made outlasts our suggestion."""
    ready = services.readiness(support_set=support_set)
    chosen = request.GET.get("kind", "") if request.GET.get("chosen") else ""
    kind = chosen or ready.suggestion.kind
    return {
        "readiness": ready,
        "kinds": kind_choices(),
        "chosen": "1" if chosen else "",
        "kind_chosen": kind,
        "methods": method_choices(kind),
        "classifiers": support_set.classifiers.all()[:5],
    }


def _class_card(request: OwnedRequest, support_set: SupportSet, support_class: SupportClass) -> HttpResponse:
    if not request.htmx:
        return redirect("support_set", support_set.id)
    classes = selectors.classes_with_pictures(support_set)
    card = next(row for row in classes if row.id == support_class.id)
    context = {"support_set": support_set, "support_class": card, "limits": settings.GLIMPSE_LIMITS}
    return fragment(request, "recognition/_class.html", context, headers=CHANGED)


def sent_choice(request: HttpRequest) -> dict[str, str | None]:
    """Return the kind and the checkpoint that were chosen; either may be left out."""
    return {"kind": request.POST.get("kind") or None, "checkpoint": request.POST.get("checkpoint") or None}
