using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Veche.Server.Tests.Integrity;

/// <summary>What a member says, for a test to wait for; what is to be looked at right then is looked at before the member goes on.</summary>
internal sealed class EventLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource<string>> _said = [];

    /// <summary>Called in the middle of what the member is doing.</summary>
    public Action<int, string>? Saying { get; set; }

    /// <summary>Ends when the member has said it, with the text.</summary>
    public Task<string> Said(int eventId) => Of(eventId).Task;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string text = formatter(state, exception);
        try
        {
            Saying?.Invoke(eventId.Id, text);
            Of(eventId.Id).TrySetResult(text);
        }
        catch (Exception wrong)
        {
            Of(eventId.Id).TrySetException(wrong);
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
        // Nothing is held.
    }

    private TaskCompletionSource<string> Of(int eventId) => _said.GetOrAdd(eventId, static _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
}
