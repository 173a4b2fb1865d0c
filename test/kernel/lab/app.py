"""The web application of the kernel tests: the path says what the answer is."""
import time

STATUSES = {
    '/ok': '200 OK',
    '/slow': '200 OK',
    '/403': '403 Forbidden',
    '/404': '404 Not Found',
    '/500': '500 Internal Server Error',
}


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/exc':
        raise RuntimeError('asked for an exception')
    if path == '/slow':  # a page that costs 10 ms
        time.sleep(0.01)
    status = STATUSES.get(path, '404 Not Found')
    body = b'the app says ' + status.encode() + b'\n'
    start_response(status, [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
