"""The lines of a reverse proxy, which ends https before a site or an issuer: one source of all of them.

`docs/reverse-proxy.md` says what each is for. They pass nothing on that tells who came, and write no
such thing down. How long a body may be they have from `body_limits`, as the app has.
"""

from typing import Final

from undersigned.web.body_limits import KIB, MOST_BODY, OF_ISSUER, OF_SITE, LongBody

_CADDY: Final = """\
{
    log {
        exclude http.log.error
    }
}

HOST {
ENCODE
    header Strict-Transport-Security "max-age=31536000"
BODIES
    reverse_proxy SERVER {
        header_up -X-Forwarded-For
    }
}
"""

_NGINX: Final = """\
upstream undersigned {
    server SERVER;
    keepalive 32;
    keepalive_timeout 4s;
}

server {
    listen 80;
    server_name HOST;
    access_log off;
    error_log stderr emerg;
    return 301 https://HOST$request_uri;
}

server {
    listen 443 ssl http2;
    server_name HOST;
    ssl_certificate /etc/letsencrypt/live/HOST/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/HOST/privkey.pem;
    add_header Strict-Transport-Security "max-age=31536000" always;

    access_log off;
    error_log stderr emerg;

    client_max_body_size LIMIT;
    client_body_buffer_size LIMIT;
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
    proxy_connect_timeout 5s;
    proxy_read_timeout 60s;

    location / {
        proxy_pass http://undersigned;
    }
LOCATIONS
}
"""

_STREAM: Final = "/api/v1/letters/*/events"
"""What is told as it happens: compressed, it would wait until there is enough of it."""

_CACHE: Final = """\
proxy_cache_path /var/cache/nginx/undersigned keys_zone=undersigned:1m max_size=1g inactive=30d;
proxy_cache_path /var/cache/nginx/undersigned-pages keys_zone=undersigned-pages:1m max_size=64m inactive=1m;

"""

_READS: Final = """\
    location /log/tile/ {
        proxy_pass http://undersigned;
        proxy_cache undersigned;
        proxy_cache_lock on;
    }
    location ~ ^/(?:letters/[^/]+(?:/names)?)?$ {
        proxy_pass http://undersigned;
        proxy_cache undersigned-pages;
        proxy_cache_key $scheme://$host$request_uri;
        proxy_cache_lock on;
        proxy_cache_background_update on;
    }
    location ~ ^/api/v1/letters/[^/]+/counts$ {
        proxy_pass http://undersigned;
        proxy_cache undersigned-pages;
        proxy_cache_key $scheme://$host$request_uri;
        proxy_cache_lock on;
    }
    location ~ ^/api/v1/letters/[^/]+/events$ {
        proxy_pass http://undersigned;
        proxy_buffering off;
    }"""


def caddy_lines(host: str, port: int, *, is_issuer: bool = False) -> str:
    """Return the lines for Caddy, for a site (or an issuer apart) of this host.

    It listens at a port of this machine.
    """
    bodies = _caddy_bodies(OF_ISSUER if is_issuer else OF_SITE)
    packed = f"    @packed not path {_STREAM}\n    encode @packed gzip"
    encode = "    encode gzip" if is_issuer else packed
    lines = _CADDY.replace("BODIES", bodies).replace("ENCODE", encode)
    return _fill(lines, host, port)


def _caddy_bodies(long_bodies: tuple[LongBody, ...]) -> str:
    # Each address has one limit: where several hold, the smallest does.
    others = " ".join(each.path for each in long_bodies)
    rows = [(f"long{n}", f"path {each.path}", each.most) for n, each in enumerate(long_bodies, 1)]
    rows.append(("others", f"not path {others}", MOST_BODY))
    return "\n".join(
        f"    @{name} {matcher}\n"
        f"    request_body @{name} {{\n"
        f"        max_size {most // KIB}KiB\n"
        f"    }}"
        for name, matcher, most in rows
    )


def nginx_lines(host: str, port: int, *, is_issuer: bool = False) -> str:
    """Return the lines for nginx, for a site (or an issuer apart) of this host.

    It listens at a port of this machine.
    """
    locations = [_nginx_location(each) for each in (OF_ISSUER if is_issuer else OF_SITE)]
    if not is_issuer:
        locations.append(_READS)
    lines = _NGINX.replace("LOCATIONS", "\n".join(locations))
    lines = lines.replace("LIMIT", f"{MOST_BODY // KIB}k")
    return _fill(lines if is_issuer else _CACHE + lines, host, port)


def _nginx_location(body: LongBody) -> str:
    return (
        f"    location ~ {body.pattern} {{\n"
        f"        proxy_pass http://undersigned;\n"
        f"        client_max_body_size {body.most // KIB}k;\n"
        f"        proxy_request_buffering off;\n"
        f"    }}"
    )


def _fill(lines: str, host: str, port: int) -> str:
    return lines.replace("HOST", host).replace("SERVER", f"127.0.0.1:{port}")
