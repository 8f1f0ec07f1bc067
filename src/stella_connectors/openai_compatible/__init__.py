"""Language models behind the API for chat completions that OpenAI published and many servers speak."""

from stella.sdk import Plugin
from stella_connectors.openai_compatible.model import ChatModel

PLUGIN = Plugin(language_models={"openai-compatible": ChatModel})

__all__ = ["PLUGIN", "ChatModel"]
