using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using Spectre.Console;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Server.Options;
using Veche.Server.Snapshots;
using Veche.Store.Backups;

namespace Veche.Cli.Snapshots;

/// <summary><c>veche snapshot</c> and <c>veche restore</c>: backups that Veche and etcd both understand.</summary>
internal static class SnapshotCommand
{
    public static Command Create() => new("snapshot", "Save, look at and restore snapshots; etcd's files are understood, and etcd's tools understand ours.")
    {
        CreateSave(),
        CreateStatus(),
        CreateRestore(),
    };

    /// <summary>Makes a member's directory out of a snapshot; stands by itself and under <c>snapshot</c>.</summary>
    public static Command CreateRestore()
    {
        var file = new Argument<string>("file") { Description = "The snapshot." };
        var name = new Option<string>("--name") { Description = "Name of the member.", DefaultValueFactory = static _ => "default" };
        var directory = new Option<string?>("--data-dir") { Description = "The directory to make. Default: NAME.veche." };
        var cluster = new Option<string?>("--initial-cluster") { Description = "The new cluster's members, as name=url,name=url. Default: this one alone." };
        var token = new Option<string>("--initial-cluster-token") { Description = "Keeps the new cluster apart from the old one.", DefaultValueFactory = static _ => "etcd-cluster" };
        var urls = new Option<string>("--initial-advertise-peer-urls") { Description = "What the other members are told.", DefaultValueFactory = static _ => "http://localhost:2380" };
        var skip = new Option<bool>("--skip-hash-check") { Description = "Take a file without a hash, or with a wrong one." };
        var command = new Command("restore", "Make a new member's data directory out of a snapshot. Every member of the new cluster is restored from the same file.") { file, name, directory, cluster, token, urls, skip };
        command.SetAction(parsed => Try(() =>
        {
            List<string> flags = ["--name=" + parsed.GetValue(name), "--initial-cluster-token=" + parsed.GetValue(token), "--initial-advertise-peer-urls=" + parsed.GetValue(urls), "--listen-peer-urls=" + parsed.GetValue(urls)];
            flags.AddRange(parsed.GetValue(directory) is { } path ? ["--data-dir=" + path] : []);
            flags.AddRange(parsed.GetValue(cluster) is { } members ? ["--initial-cluster=" + members] : []);

            // The environment is for servers: what it says of another member must not be mixed in here.
            ServerOptions options = ServerOptionsParser.Parse(flags, static _ => null);
            long revision = SnapshotRestore.Run(parsed.GetRequiredValue(file), !parsed.GetValue(skip), options);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"restored revision {revision} into {options.DataDirectory}; start it with the same --name, --initial-cluster, --initial-cluster-token and --initial-advertise-peer-urls"));
        }));
        return command;
    }

    private static Command CreateSave()
    {
        var file = new Argument<string>("file") { Description = "Where to save it." };
        return new Command("save", "Save a snapshot of a member: of the first endpoint that answers.") { file }.Does(async (context, cancellationToken) =>
        {
            string path = context.Parsed.GetRequiredValue(file);
            try
            {
                // A small question first: it finds the endpoint that answers, and says well why none does.
                await context.Connection.ReadAsync(static (member, options) => new Maintenance.MaintenanceClient(member).StatusAsync(new StatusRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
                await SaveAsync(context.Connection, path, cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Advice.Of(exception, Need.Root, context.Connection.Endpoint, context.Connection.Settings.User);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                throw new CommandFailedException(ExitCode.Refused, exception.Message);
            }

            if (context.Output.Format == OutputFormat.Json)
            {
                context.Output.WriteJson(new SavedShape(path), OutputJson.Lines.SavedShape);
            }
            else
            {
                context.Output.WriteLine($"saved {path}");
            }
        });
    }

    private static async Task SaveAsync(Connection connection, string path, CancellationToken cancellationToken)
    {
        // It gets its name when it is whole, and known to be.
        string part = path + ".part";
        (CallInvoker member, CallOptions options) = await connection.StreamAsync(cancellationToken).ConfigureAwait(false);
        using AsyncServerStreamingCall<SnapshotResponse> call = new Maintenance.MaintenanceClient(member).Snapshot(new SnapshotRequest(), options);
        await using (var file = new FileStream(part, FileMode.Create, FileAccess.ReadWrite))
        {
            while (await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                await file.WriteAsync(call.ResponseStream.Current.Blob.Memory, cancellationToken).ConfigureAwait(false);
            }

            file.Flush(flushToDisk: true);
            BackupFile.Open(file, checkHash: true);
        }

        File.Move(part, path, overwrite: true);
    }

    private static Command CreateStatus()
    {
        var file = new Argument<string>("file") { Description = "The snapshot." };
        var format = new Option<string>("--write-out", "-w") { Description = "table or json.", DefaultValueFactory = static _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("status", "Show what a snapshot holds. Goes through all of it.") { file, format };
        command.SetAction(parsed => Try(() =>
        {
            using FileStream source = File.OpenRead(parsed.GetRequiredValue(file));
            BackupFile opened = BackupFile.Open(source, checkHash: source.Length % 512 == 32);
            BackupSummary summary = opened.Summarize();
            if (parsed.GetValue(format) == "json")
            {
                Console.WriteLine(JsonSerializer.Serialize(new SnapshotShape(summary.Hash, summary.Revision, summary.TotalKeys, summary.TotalBytes), OutputJson.Lines.SnapshotShape));
                return;
            }

            Table table = new Table().AddColumns("hash", "revision", "total keys", "total size");
            table.AddRow(summary.Hash.ToString("x", CultureInfo.InvariantCulture), summary.Revision.ToString(CultureInfo.InvariantCulture), summary.TotalKeys.ToString(CultureInfo.InvariantCulture), summary.TotalBytes.ToString(CultureInfo.InvariantCulture));
            AnsiConsole.Write(table);
        }));
        return command;
    }

    private static int Try(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException or OptionException)
        {
            return Fail(exception.Message);
        }
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"veche: {message}");
        return 1;
    }
}
