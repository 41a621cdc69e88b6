"""Files in the evidence bucket: listed, uploaded, downloaded."""
