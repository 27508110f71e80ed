"""Certificates and kubeconfigs, made by openssl: one CA signs all."""

import base64
import json

from .base import run

DAYS = 30


class Pki:
    """Files in `folder`: ca.crt, ca.key, sa.key, sa.pub, and NAME.crt, NAME.key, NAME.kubeconfig."""

    def __init__(self, folder):
        self.dir = folder

    def make_ca(self):
        self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS,
            "-subj", "/CN=agent-sandbox test cluster", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", self.dir / "ca.key", "-out", self.dir / "ca.crt")
        run("openssl", "genrsa", "-out", self.dir / "sa.key", "2048")
        run("openssl", "rsa", "-in", self.dir / "sa.key", "-pubout", "-out", self.dir / "sa.pub")

    def sign(self, name, subject, sans=()):
        """A certificate for both client and server use."""
        ext = self.dir / f"{name}.ext"
        lines = ["keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth,serverAuth"]
        if sans:
            lines.append("subjectAltName=" + ",".join(sans))
        ext.write_text("\n".join(lines) + "\n")
        csr = run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-subj", subject, "-keyout", self.dir / f"{name}.key")
        run("openssl", "x509", "-req", "-days", DAYS, "-CA", self.dir / "ca.crt", "-CAkey", self.dir / "ca.key",
            "-set_serial", f"0x{name.encode().hex()[:32]}", "-extfile", ext, "-out", self.dir / f"{name}.crt", text_in=csr)
        ext.unlink()

    def kubeconfig(self, name, server):
        """Writes NAME.kubeconfig for the certificate NAME; JSON is YAML."""
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": server, "certificate-authority-data": self._b64("ca.crt")}}],
            "users": [{"name": name, "user": {
                "client-certificate-data": self._b64(f"{name}.crt"), "client-key-data": self._b64(f"{name}.key")}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
        }
        path = self.dir / f"{name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=2) + "\n")
        return path

    def _b64(self, name):
        return base64.b64encode((self.dir / name).read_bytes()).decode()
