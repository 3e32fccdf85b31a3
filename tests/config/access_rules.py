"""Who may do what, declared: the table that every address of the site is held to.

An address whose parameters stand for something of a person's own needs no line: it is there for its owner alone. Every
other address has a line by its name, and a new one without fails `test_access.py`, which names it.
"""

from __future__ import annotations

from tests.config.addresses import Address

ROLES = ("nobody", "guest", "another", "owner", "staff", "viewer", "superuser")
"""`staff` has no rights at all; `viewer` is staff with every right to view."""
STAFF = {"staff", "viewer", "superuser"}
NOBODYS = {"slug", "token", "uidb64"}
"""Parameters that name what belongs to nobody; those of letters are filled with what no letter said."""

ANSWERED = "answered"
"""Neither refused nor hidden, and no failure."""
Expected = str | int


Rule = dict[str, Expected]
"""What each role is answered: a status, or `ANSWERED`."""


def rule(others: Expected, **answers: Expected) -> Rule:
    """Return what every role is answered: as the others, where it is not named."""
    return {**dict.fromkeys(ROLES, others), **answers}


EVERYBODY = rule(ANSWERED)
MEMBERS = rule(ANSWERED, nobody=302, guest=302)
WHO_CONSENTED = rule(ANSWERED, nobody=403)
WITH_TOKEN = rule(ANSWERED, nobody=401, guest=401)
OWN_PAGE = rule(404, owner=ANSWERED)
OWN_FACES = rule(404, owner=ANSWERED, nobody=403)
OWN_IN_API = rule(404, owner=ANSWERED, nobody=401, guest=401)

RULES: dict[str, Rule] = {
    **dict.fromkeys(
        (
            *("home", "privacy", "example", "javascript_catalog", "sign_in", "sign_up", "sign_out", "my_classifiers"),
            *("support_set_new", "faces", "face_consent", "password_reset", "password_reset_sent"),
            *("password_reset_confirm", "address_confirm", "my_data", "my_data_copy", "my_data_delete"),
            *("api:openapi-json", "api:openapi-view"),
        ),
        EVERYBODY,
    ),
    **dict.fromkeys(("account", "address_change", "change_password", "token_create", "tokens_revoke"), MEMBERS),
    **dict.fromkeys(
        ("face_verify", "face_identify", "face_withdraw", "face_gallery", "face_gallery_start", "face_person_add"),
        WHO_CONSENTED,
    ),
    **dict.fromkeys(
        (
            *("api:create_support_set", "api:list_support_sets", "api:list_classifiers", "api:list_checkpoints"),
            *("api:give_consent", "api:read_consent", "api:withdraw_consent", "api:verify", "api:detect"),
            *("api:list_people", "api:add_person", "api:identify"),
        ),
        WITH_TOKEN,
    ),
    "api:api-root": rule(404),
}

SITE_OF_STAFF = {"index", "password_change", "password_change_done", "jsi18n", "logout", "search", "login"}
"""Addresses of the admin that are about no model, and for everybody on the staff."""
NOTHING_THERE = {"autocomplete", "view_on_site", "app_list", ""}
"""Those that lead nowhere, or to what a member of staff may look at anyway."""
IN_AND_OUT = {"admin:login", "admin:logout", "admin:password_change"}
"""For everybody; the last leads to the account's page, which asks who it is."""
OF_A_ROW = {
    "changelist": ("view", "view"),
    "add": ("add", "add"),
    "history": ("view", "view"),
    "delete": ("delete", "delete"),
    "change": ("view", "change"),
    "": ("view", "view"),
}
"""Addresses that the admin has for each model -> what reading needs, and what acting needs."""
OF_STAFF = {
    "auth_user_password_change": ("change", "change"),
    "checkpoints_checkpoint_export": ("view", "view"),
    "checkpoints_checkpoint_gate": ("view", "view"),
    "checkpoints_checkpoint_import": ("import", "import"),
    "checkpoints_checkpoint_measure": ("publish", "publish"),
    "checkpoints_checkpoint_publish": ("publish", "publish"),
    "checkpoints_checkpoint_roll_back": ("publish", "publish"),
    "checkpoints_checkpoint_stop": ("publish", "publish"),
    "checkpoints_checkpointimport_cancel": ("import", "import"),
    "checkpoints_checkpointimport_change": ("import", "import"),
    "checkpoints_checkpointimport_changelist": ("import", "import"),
    "checkpoints_checkpointimport_history": ("import", "import"),
    "checkpoints_checkpointimport_live": ("import", "import"),
    "datasets_dataset_version": ("add", "add"),
    "datasets_datasetversion_cancel": ("change", "change"),
    "datasets_datasetversion_discard": ("add", "add"),
    "datasets_datasetversion_ingest": ("add", "add"),
    "datasets_datasetversion_sheet": ("view", "view"),
    "datasets_datasetversion_state": ("view", "view"),
    "training_comparison": ("view", "view"),
    "training_run_cancel": ("change", "change"),
    "training_run_config": ("view", "view"),
    "training_run_estimate": ("add", "add"),
    "training_run_estimated": ("add", "add"),
    "training_run_live": ("view", "view"),
    "training_run_pause": ("change", "change"),
    "training_run_resume": ("change", "change"),
    "training_schedule_next": ("add", "add"),
    "training_schedule_pause": ("change", "change"),
    "training_schedule_remove": ("change", "change"),
    "training_schedule_repeat": ("change", "change"),
    "training_schedule_resume": ("change", "change"),
    "training_sweep_draws": ("add", "add"),
    "training_sweep_live": ("view", "view"),
    "training_sweep_stop": ("change", "change"),
}
"""Addresses of the admin that are our own, likewise."""


def rule_of(address: Address) -> Rule | None:
    """Return the rule of an address outside the admin, or None where nobody has thought of it."""
    if set(address.parameters) - NOBODYS:
        if address.is_api:
            return OWN_IN_API
        return OWN_FACES if address.route.startswith("faces/") else OWN_PAGE
    rules = [RULES.get(name) for name in sorted(address.names)]
    return rules[0] if all(rule == rules[0] for rule in rules) else None


def needs_of(address: Address) -> tuple[str, str] | None:
    """Return what reading and acting at an address of the admin needs, or None where nobody has thought of it.

    `nothing` is needed by whatever is for everybody on the staff, or leads nowhere.
    """
    [name] = {name.removeprefix("admin:") for name in address.names if name.startswith("admin:")}
    if address.model is None:
        return ("nothing", "nothing") if name in SITE_OF_STAFF | NOTHING_THERE else None
    about = f"{address.model._meta.app_label}_{address.model._meta.model_name}_"
    return OF_STAFF.get(name) or OF_A_ROW.get(name.removeprefix(about))
