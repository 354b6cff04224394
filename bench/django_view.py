"""A petition as it is commonly written with Django, and as commonly served: what accepting is compared with.

Written for the benchmark, and for nothing else. A posted name, address and comment are checked by a form and
stored, each address once, and that is all: nobody is verified, nothing is signed, kept in order, counted or
proved, and the answer promises nothing. gunicorn serves it by two workers with four threads each, which keep
their connections; the middleware is that of a new project, without what needs accounts.

SQLite writes ahead (WAL), and transactions take its lock when they begin. `SYNCHRONOUS` is NORMAL, as is
usual with that, where a power cut takes the last signatures away that were answered; or FULL, as
`undersigned serve` has it.

`python -m bench.django_view serve --data FOLDER --port PORT`, until a signal ends it.
"""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Final

import django
from django import forms
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

WORKERS: Final = 2
THREADS: Final = 4
KEEP_ALIVE_S: Final = 300

PRAGMAS: Final = "PRAGMA journal_mode=WAL; PRAGMA synchronous={};"

settings.configure(
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF="bench.django_view",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["DATABASE_FILE"],
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": PRAGMAS.format(os.environ["SYNCHRONOUS"]),
            },
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()


class Signature(models.Model):
    """Somebody who signed, as they said themselves."""

    name = models.CharField(max_length=200)
    email = models.EmailField(unique=True)
    comment = models.TextField(max_length=2_000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Of no installed app."""

        app_label = "petition"


class SignatureForm(forms.ModelForm):
    """What is asked of a signer."""

    class Meta:
        """The fields."""

        model = Signature
        fields = ("name", "email", "comment")


@csrf_exempt
@require_POST
def sign(request: WSGIRequest) -> HttpResponse:
    """Store a signature."""
    form = SignatureForm(json.loads(request.body))
    if not form.is_valid():
        return JsonResponse({"errors": form.errors.get_json_data()}, status=400)
    signature = form.save()
    return JsonResponse({"id": signature.pk, "name": signature.name}, status=201)


@require_GET
def count(_request: WSGIRequest) -> HttpResponse:
    """Say how many signed."""
    return JsonResponse({"signatures": Signature.objects.count()})


urlpatterns = [path("signatures", sign), path("", count)]

application = get_wsgi_application()


def main(folder: str, port: str) -> None:
    """Make the table, and become gunicorn."""
    Path(folder).mkdir()
    with connection.schema_editor() as editor:
        editor.create_model(Signature)
    connection.close()
    options = {
        "bind": f"127.0.0.1:{port}",
        "workers": WORKERS,
        "threads": THREADS,
        "keep-alive": KEEP_ALIVE_S,
        "log-level": "warning",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    # Not a child of this process: whoever started it can end it.
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", "bench.django_view:application", *arguments],
    )


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--data") + 1], sys.argv[sys.argv.index("--port") + 1])
