"""How models are asked: rows as tensors, prompts, generation. Shared by the tasks."""
