"""The keys that sign a server's sessions: the operator's, or its own for as long as it lives."""

import logging
import os
from collections.abc import Callable

from focus_signal.access.keys import Keys, make_keys, read_keys
from focus_signal.errors import ConfigError
from focus_signal.server.config import Config

logger = logging.getLogger("focus_signal")


def keys_of(config: Config, entropy: Callable[[int], bytes] | None = None) -> Keys:
    """Give the keys of a server that is about to start; call it once for each.

    Args:
      config: names the file with the secrets, if there is one. It is read here and not again.
      entropy: gives random bytes where there is none; None asks the operating system.

    Raises:
      ConfigError: the file cannot be read, or holds what it may not.
    """
    if config.secret_file:
        try:
            return read_keys(config.secret_file)
        except ConfigError as error:
            raise ConfigError(f"secret_file {error}") from None
    logger.info("no secret_file: sessions end with this process, and none is resumed by another")
    return make_keys(entropy or os.urandom)
