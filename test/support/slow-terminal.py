"""Runs a command in a terminal from which so many bytes a second are read, and copies these to stdout.

    slow-terminal.py RATE COLUMNS ROWS COMMAND...

stdin is the command's. At SIGUSR1 everything is read. The first line on stderr is the command's process id.
"""
import fcntl, os, pty, select, signal, struct, subprocess, sys, termios, time

rate, columns, rows = map(int, sys.argv[1:4])
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


def hurry(*_):
    global rate
    rate = 1 << 30


def own_terminal():
    os.setsid()
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


signal.signal(signal.SIGUSR1, hurry)
child = subprocess.Popen(sys.argv[4:], stdin=0, stdout=slave, stderr=subprocess.DEVNULL, preexec_fn=own_terminal)
os.close(slave)
os.close(0)
print(child.pid, file=sys.stderr, flush=True)
while True:
    if rate and select.select([master], [], [], 0.1)[0]:
        try:
            block = os.read(master, max(1, rate // 10))
        except OSError:  # nobody has the terminal open any more
            break
        os.write(1, block)
    if rate < 1 << 30:
        if child.poll() is not None and not rate:
            break
        time.sleep(0.1)
sys.exit(child.wait())
