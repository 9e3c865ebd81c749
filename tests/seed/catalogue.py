"""All conversations, in one list."""

from __future__ import annotations

from tests.seed import (
    conversations_http,
    conversations_identity,
    conversations_input,
    conversations_match,
    conversations_payload,
    conversations_relay,
    conversations_size,
)
from tests.seed.model import Conversation

CONVERSATIONS: tuple[Conversation, ...] = (
    *conversations_match.CONVERSATIONS,
    *conversations_size.CONVERSATIONS,
    *conversations_relay.CONVERSATIONS,
    *conversations_payload.CONVERSATIONS,
    *conversations_input.CONVERSATIONS,
    *conversations_identity.CONVERSATIONS,
    *conversations_http.CONVERSATIONS,
)
