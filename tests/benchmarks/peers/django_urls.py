"""Django URLs: where django-helpdesk's pages would be, since its letters name them."""

from django.urls import include, path

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
