# Prints the messages of the file named that no test triggers; the names of the files with the tests,
# and of those with what the tools have printed, come on standard input. A test triggers a message
# whose text it quotes: the whole of it, something standing for each of its conversions, or a part, a
# literal of ten bytes or more that stands in the message between two of its conversions, or that
# holds what is between them. What was printed holds the whole message.
use strict;
use warnings;

my (%whole, %quoted);
my $printed = '';

sub quoted {
    my ($text) = @_;
    return if length $text < 10;
    $text =~ s/\\(["\\\$`])/$1/g;
    $whole{$text} = 1;
    # What a test puts in by itself separates parts.
    $quoted{$_} = 1 for grep { length >= 10 } split /\$\{?\w+\}?|\.\*|\*/, $text;
}

while (my $name = <STDIN>) {
    chomp $name;
    open my $file, '<', $name or die "$name: $!\n";
    local $/;
    my $content = <$file> . "\n";
    if ($name =~ /\.c$/) {
        # Literals that follow each other are one.
        $content =~ s/(?<!\\)"\s*\n\s*"//g;
        quoted($1 // '') while $content =~ /'(?:[^'\\\n]|\\.)+'|"((?:[^"\\\n]|\\.)*)"/g;
    } elsif ($name =~ /\.bats$/) {
        quoted($1 // $2) while $content =~ /'([^'\n]*)'|"((?:[^"\\\n]|\\.)*)"/g;
    } else {
        $printed .= $content;
    }
}
my @quoted = keys %quoted;
my $whole = join "\n", keys(%whole), $printed;

my $conversion = qr/%[-+ #0-9.*]*(?:hh|h|ll|l|z|t)?[a-zA-Z]/;
open my $messages, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
MESSAGE: while (my $message = <$messages>) {
    chomp(my $text = $message);
    $text =~ s/\\(["\\])/$1/g;
    $text =~ s/\\n$//;
    $text =~ s/%%/\x01/g;
    my @parts = map { s/\x01/%/gr } split /$conversion|\\n/, $text, -1;
    for my $part (grep { length >= 10 } @parts) {
        for my $quote (@quoted) {
            next MESSAGE if index($part, $quote) >= 0 || index($quote, $part) >= 0;
        }
    }
    my $pattern = '';
    for my $piece (split /($conversion|\\n)/, $text) {
        $piece =~ s/\x01/%/g unless $piece =~ /$conversion/;
        $pattern .= $piece =~ /^$conversion$/ ? $piece =~ /s$/ ? '.*' : '[-+.,\\w$]+'
                  : $piece eq '\\n'         ? '.*' : quotemeta $piece;
    }
    print $message unless $whole =~ /$pattern/;
}
