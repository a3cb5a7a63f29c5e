using System.CommandLine;
using Veche.Cli;
using Veche.Cli.Dev;
using Veche.Cli.Status;

string calledAs = Path.GetFileNameWithoutExtension(Environment.GetCommandLineArgs()[0]);
if (calledAs == "etcd")
{
    // Under etcd's name it takes etcd's command line.
    return await ServeCommand.RunAsync(args).ConfigureAwait(false);
}

if (args.Length > 0 && args[0] == "serve")
{
    // Its flags are etcd's, in etcd's forms; they have a parser of their own.
    return await ServeCommand.RunAsync(args[1..]).ConfigureAwait(false);
}

var root = new RootCommand("Veche: consensus, and a coordination store that speaks the etcd v3 API.")
{
    DevCommand.Create(),
    ServeCommand.Describe(),
    StatusCommand.Create(),
    VersionCommand.Create(),
};
return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
