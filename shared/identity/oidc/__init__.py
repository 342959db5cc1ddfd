"""OpenID Connect: the sign-in of staff at an issuer, the issuer's keys and tokens, and the person in their claims."""
