"""The golden suite: inputs made by code, cases as data, images of the C reference, recorded figures."""
