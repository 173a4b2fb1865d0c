"""The web application of the kernel tests: the path says what the answer is."""
import time

STATUSES = {
    '/ok': '200 OK',
    '/slow': '200 OK',
    '/read': '200 OK',
    '/echo': '200 OK',
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
    if path == '/read':  # one that reads what is sent to it
        environ['wsgi.input'].read()
    status = STATUSES.get(path, '404 Not Found')
    body = b'the app says ' + status.encode() + b'\n'
    if path == '/echo':  # who asked, and for what
        asked = environ['HTTP_X_FORWARDED_FOR'] + ' ' + environ['QUERY_STRING']
        body = b'the app says ' + asked.encode('latin1') + b'\n'
    start_response(status, [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
