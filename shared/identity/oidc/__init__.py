"""OpenID Connect: the issuer that staff sign in at, its keys, its tokens, and whom they name."""
