#!/usr/bin/perl
# Posts a body for each client in turn, over one connection as a front end keeps it: `posts.pl ADDRESS PORT BYTES CLIENT…`.
# A header section and its body are one write. Writes the status of each answer on a line, "closed" where none came.
use strict;
use warnings;
use IO::Socket::IP;

my ($address, $port, $size, @clients) = @ARGV;
local $SIG{PIPE} = 'IGNORE';
my $connection = IO::Socket::IP->new(PeerHost => $address, PeerPort => $port) or die "$address: $@\n";
$| = 1;
for my $client (@clients) {
    my $request = "POST /read HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: $client\r\nContent-Length: $size\r\n\r\n" . 'x' x $size;
    for (my $at = 0; $at < length $request;) { $at += syswrite($connection, $request, length $request, $at) // last }
    my $answer = '';
    while ($answer !~ /\r\n\r\n(.*)/s || length $1 < ($answer =~ /^Content-Length: (\d+)/mi)[0]) {
        sysread $connection, $answer, 65536, length $answer or last;
    }
    print $answer =~ /^HTTP\S+ (\d+)/ ? "$1\n" : "closed\n";
}
