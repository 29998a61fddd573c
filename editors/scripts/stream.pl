#!/usr/bin/perl
# Stream an answer from Libria's daemon: perl stream.pl MODEL PROMPT, with what every Perl brings along.
# Any language that can open a socket does it so: a frame is a header with its body's length, an empty line, the body.
use strict;
use warnings;
use IO::Socket::UNIX;
use JSON::PP;

my ($model, $prompt) = @ARGV;
unless (defined $prompt) { print STDERR "usage: perl stream.pl MODEL PROMPT\n"; exit 2 }
utf8::decode($_) for $model, $prompt;
binmode STDOUT, ':utf8';
binmode STDERR, ':utf8';
$| = 1;
chomp(my $path = `libria socket`);    # starts the daemon if it must
my $socket = IO::Socket::UNIX->new(Peer => $path) or die "The daemon cannot be reached: $!\n";

sub send_message {
    my $body = encode_json({ jsonrpc => '2.0', @_ });
    print $socket 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    $socket->flush;
}

sub read_message {
    my $length = 0;
    while (defined(my $line = <$socket>)) {
        $length = $1 if $line =~ /^content-length: *(\d+)/i;
        next if $line ne "\r\n";
        read($socket, my $body, $length) == $length or last;
        return decode_json($body);
    }
    die "The daemon ended before it answered.\n";
}

# This script's own keys and addresses count; without this, those of the daemon's environment.
my %env = map { $_ => $ENV{$_} } grep { /_(API_KEY|BASE_URL)$/ } keys %ENV;
send_message(id => 1, method => 'initialize',
    params => { processId => undef, rootUri => undef, capabilities => {}, initializationOptions => { libria => { env => \%env } } });
send_message(id => 2, method => 'libria/chat',
    params => { model => $model, messages => [{ role => 'user', content => $prompt }], partialResultToken => 'answer' });
while (1) {
    my $message = read_message();
    my $value = ($message->{params} || {})->{value} || {};
    if    (($value->{kind} || '') eq 'delta') { print $value->{text} }
    elsif (($value->{kind} || '') eq 'reset') { print "\n[starts again: $value->{reason}]\n" }
    next unless ($message->{id} || 0) == 2;
    print "\n";
    print STDERR "$message->{error}{message}\n" if $message->{error};
    exit($message->{error} ? 1 : 0);
}
