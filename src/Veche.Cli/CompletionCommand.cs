using System.CommandLine;

namespace Veche.Cli;

/// <summary><c>veche completion</c>: a small script for a shell, which asks the program itself what could come next.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # veche completion bash: put this into ~/.bashrc:  source <(veche completion bash)
        _veche_complete() {
            local line candidates
            line="${COMP_LINE:0:COMP_POINT}"
            candidates="$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)"
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$candidates" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _veche_complete veche
        """;

    private const string Zsh = """
        # veche completion zsh: put this into ~/.zshrc:  source <(veche completion zsh)
        _veche() {
            local line="$LBUFFER"
            local -a candidates
            candidates=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -a candidates
        }
        compdef _veche veche
        """;

    private const string Fish = """
        # veche completion fish: put it there with  veche completion fish > ~/.config/fish/completions/veche.fish
        function __veche_complete
            set -l line (commandline -cp)
            veche "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null
        end
        complete -c veche -f -a '(__veche_complete)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a script that makes a shell complete veche's commands and options.") { shell };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return 0;
        });
        return command;
    }
}
