"""The lines of a reverse proxy, which ends https before the site: one source for all who show them.

`docs/reverse-proxy.md` says what each is for. They pass nothing on that tells who came, and write no
such thing down.
"""

from typing import Final

_HOST: Final = "letters.example.org"
_SITE: Final = "127.0.0.1:8000"

CADDY: Final = """\
{
    log {
        exclude http.log.error
    }
}

letters.example.org {
    encode gzip
    header Strict-Transport-Security "max-age=31536000"
    request_body {
        max_size 256KiB
    }
    reverse_proxy 127.0.0.1:8000 {
        header_up -X-Forwarded-For
    }
}
"""

NGINX: Final = """\
proxy_cache_path /var/cache/nginx/undersigned keys_zone=undersigned:1m max_size=1g inactive=30d;

upstream undersigned {
    server 127.0.0.1:8000;
    keepalive 32;
    keepalive_timeout 4s;
}

server {
    listen 80;
    server_name letters.example.org;
    access_log off;
    error_log stderr emerg;
    return 301 https://letters.example.org$request_uri;
}

server {
    listen 443 ssl;
    server_name letters.example.org;
    ssl_certificate /etc/letsencrypt/live/letters.example.org/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/letters.example.org/privkey.pem;
    add_header Strict-Transport-Security "max-age=31536000" always;

    access_log off;
    error_log stderr emerg;

    client_max_body_size 256k;
    client_body_buffer_size 256k;
    client_header_timeout 10s;
    client_body_timeout 20s;
    send_timeout 20s;

    gzip on;
    gzip_vary on;
    gzip_proxied any;
    gzip_types text/css text/javascript application/javascript application/json image/svg+xml;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-Proto https;
    proxy_connect_timeout 5s;
    proxy_read_timeout 60s;

    location / {
        proxy_pass http://undersigned;
    }
    location /log/tile/ {
        proxy_pass http://undersigned;
        proxy_cache undersigned;
        proxy_cache_lock on;
    }
}
"""


def caddy_lines(host: str, port: int) -> str:
    """Return the lines for Caddy, for a site of this host that listens at a port of this machine."""
    return _fill(CADDY, host, port)


def nginx_lines(host: str, port: int) -> str:
    """Return the lines for nginx, for a site of this host that listens at a port of this machine."""
    return _fill(NGINX, host, port)


def _fill(lines: str, host: str, port: int) -> str:
    return lines.replace(_HOST, host).replace(_SITE, f"127.0.0.1:{port}")
