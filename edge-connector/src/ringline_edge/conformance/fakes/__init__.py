"""PBXes of each protocol on real sockets, written from the protocols' descriptions and not from our own codecs."""
