def argument(*parts: Any) -> str:
    """One argument of a container: text as it is, anything else as JSON."""
    text = "".join(part if isinstance(part, str) else json.dumps(part, allow_nan=False) for part in parts)
    return re.sub(r"\$(?=[$(])", "$$", text)  # Kubernetes replaces $(NAME), and $$ by $
