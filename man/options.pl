# Writes the options of the tools' man pages from the tools' own tables: the line ".It Fl ..." of
# each option, and between two marks all that the tools share, with the texts of
# common-options.mdoc.
#
#   perl man/options.pl BINARIES INTO
#
# reads man/TOOL.1 for each tool of the folder BINARIES and writes INTO/TOOL.1.
use strict;
use warnings;

my ($binaries, $into) = @ARGV;
my $here = $0 =~ s{[^/]*$}{}r;
my $BEGIN = ".\\\" What follows is made of common-options.mdoc by make golden.\n";
my $END = ".\\\" What make golden made ends here.\n";
my @COMMON = ('Reading rows', 'Bad rows and reports', 'Writing rows', 'Speed', 'Help');

sub read_file {
    my ($name) = @_;
    open my $file, '<', $name or die "$name: $!\n";
    local $/;
    return scalar <$file>;
}

# "COLS=VALUE" as "Ar COLS Ns = Ns Ar VALUE".
sub argument_macros {
    my ($argument) = @_;
    my ($line, $joined) = ('', 0);
    for my $token ($argument =~ /\.\.\.|[A-Z]+|[a-z][a-z_]*|./g) {
        next if $token eq ']';
        if ($token eq '|') {
            $line .= ' |';
            $joined = 0;
            next;
        }
        $line .= ' Ns' if $joined;
        $joined = $token ne '[';
        $line .= $token eq '['         ? ' Op'
               : $token =~ /^[A-Z]/    ? " Ar $token"
               : $token =~ /^[a-z]/    ? " Cm $token"
               : $token =~ /^[,:.;|]$/ ? " \\&$token"
               :                         " $token";
    }
    return $line;
}

sub header {
    my ($option) = @_;
    my $value = $option->{choices} ne '' ? ' Cm ' . join(' | ', split / /, $option->{choices})
              : argument_macros($option->{argument});
    $value = " Ns$value" if $option->{argument} =~ /^\[/;
    my $long = "Fl -$option->{name}$value";
    return ".It $long\n" if $option->{letter} eq '';
    my $short = $option->{choices} ne '' ? '' : $value;
    return ".It Fl $option->{letter}$short , $long\n";
}

# The options of a tool by name, and the names under each heading.
sub table_of {
    my ($tool) = @_;
    my (%options, %under, $heading);
    for (split /\n/, `$binaries/$tool --completion=options`) {
        my @cells = split /\t/, $_, -1;
        if ($cells[0] eq 'heading') {
            $heading = $cells[1];
            next;
        }
        my %option;
        @option{qw(name letter argument choices limits default)} = @cells[1 .. 6];
        $options{$option{name}} = \%option;
        push @{$under{$heading}}, $option{name};
    }
    die "$tool: no table of options\n" unless %options;
    return (\%options, \%under);
}

# What common-options.mdoc says of each: {name}{''}, {name}{tool} and {name}{+tool}.
sub common_texts {
    my (%texts, $place);
    for (split /^/, read_file("${here}common-options.mdoc")) {
        if (/^\.\\" ([=+]) (\S+)(?: (\S+))?$/) {
            $place = \$texts{$2}{($1 eq '+' ? '+' : '') . ($3 // '')};
            $$place = '';
        } elsif (!/^\.\\"/) {
            $$place .= $_;
        }
    }
    return \%texts;
}

# " (1 to 17)" as a sentence.
sub limits_line {
    my ($limits) = @_;
    return $limits =~ /\((?:from )?(.*)\)/ ? "It may be from $1.\n" =~ s/from above/above/r : '';
}

sub default_line {
    my ($default) = @_;
    return '' if $default eq '';
    return "Default: $default.\n" if $default =~ / /;
    return "The default is\n.Ql \\&$default .\n";
}

# What a page says of an option in its own words must give the limits and the default, where these
# are values. (wh-featurize(1) leaves the steps of wh-clean to that page.)
sub check_own_text {
    my ($tool, $page, $option) = @_;
    my ($text) = $page =~
        /^\.It Fl (?:\w .*, Fl |)-$option->{name}\b.*\n((?:\.It .*\n)*(?:.*\n)*?)(?=\.It Fl |\.S[hs] )/m
        or return;
    my @values = $option->{limits} =~ /([0-9][0-9a-z]*)/g;
    my $default = $option->{default};
    push @values, $default if $option->{choices} ne '' ? $default !~ / / : $default =~ /^\d\S*$/;
    for my $value (grep { $_ ne '' } @values) {
        die "$tool.1: what it says of --$option->{name} does not give $value\n"
            unless $text =~ /\Q$value\E/;
    }
}

sub common_block {
    my ($tool, $options, $under, $texts) = @_;
    my $block = $BEGIN;
    for my $heading (@COMMON) {
        next unless $under->{$heading};
        $block .= ".Ss $heading\n.Bl -tag -width Ds\n";
        for my $name (@{$under->{$heading}}) {
            my $text = $texts->{$name}{$tool} // $texts->{$name}{''};
            die "common-options.mdoc says nothing of --$name\n" unless defined $text;
            my $option = $options->{$name};
            $block .= header($option) . $text . ($texts->{$name}{"+$tool"} // '');
            $block .= limits_line($option->{limits}) . default_line($option->{default});
        }
        $block .= ".El\n";
    }
    return $block . $END;
}

my $texts = common_texts();
for my $path (glob "$binaries/wh-*") {
    my $tool = $path =~ s{.*/}{}r;
    my ($options, $under) = table_of($tool);
    my $page = read_file("$here$tool.1");
    my $block = common_block($tool, $options, $under, $texts);
    $page =~ s/\Q$BEGIN\E.*?\Q$END\E/$block/s or die "$tool.1: the marks are missing\n";
    $page =~ s{^\.It Fl .*\n}{item($tool, $&, $options)}gem;
    my %common = map { $_ => 1 } map { @{$under->{$_} // []} } @COMMON;
    check_own_text($tool, $page, $_) for grep { !$common{$_->{name}} } values %$options;
    open my $out, '>', "$into/$tool.1" or die "$into/$tool.1: $!\n";
    print $out $page;
    close $out or die "$into/$tool.1: $!\n";
}

# An item of another form, such as -m NAME=MODEL, has no long name and stays.
sub item {
    my ($tool, $line, $options) = @_;
    my ($name) = $line =~ /(?:Fl (?:Fl |-|\\-)|, \\-)([a-z][a-z0-9-]*)/ or return $line;
    die "$tool.1: $line: there is no option --$name\n" unless $options->{$name};
    return header($options->{$name});
}
