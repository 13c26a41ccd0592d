"""What a shell completes: quickly, without Typer, which a person would wait for."""
