"""What an operator may do on the page. Routes only; forms and services live beside it."""

from fastapi import APIRouter

router = APIRouter()
