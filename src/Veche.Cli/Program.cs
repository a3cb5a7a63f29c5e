using Veche.Cli;

string calledAs = CalledAs.Name;
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

return await CommandLine.RunAsync(args).ConfigureAwait(false);
