# Prints the messages of the file named of which no test quotes a part; the names of the tests'
# files come on standard input. A part is a literal of ten bytes or more that stands in the message
# between two of its conversions, or that holds what is between them.
use strict;
use warnings;

my $tests = '';
while (my $name = <STDIN>) {
    chomp $name;
    open my $file, '<', $name or die "$name: $!\n";
    local $/;
    $tests .= <$file>;
}
# In C, literals that follow each other are one.
$tests =~ s/"\s*\n\s*"//g;
my %quoted;
while ($tests =~ /'([^'\n]{10,})'|"((?:[^"\\\n]|\\.){10,})"/g) {
    my $text = defined $1 ? $1 : $2;
    $text =~ s/\\(["\\\$`])/$1/g;
    # What a test puts in by itself separates parts.
    $quoted{$_} = 1 for grep { length >= 10 } split /\$\{?\w+\}?|\.\*|\*/, $text;
}
my @quoted = keys %quoted;

open my $messages, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
MESSAGE: while (my $message = <$messages>) {
    chomp(my $text = $message);
    $text =~ s/\\(["\\])/$1/g;
    $text =~ s/%%/\x01/g;
    for my $part (split /%[-+ #0-9.*]*(?:hh|h|ll|l|z|t)?[a-zA-Z]|\\n/, $text) {
        $part =~ s/\x01/%/g;
        next if length $part < 10;
        for my $quote (@quoted) {
            next MESSAGE if index($part, $quote) >= 0 || index($quote, $part) >= 0;
        }
    }
    print $message;
}
