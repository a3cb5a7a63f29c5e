using System.Text;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Whether the cluster is to go back to an earlier version: every member knows, and one at a time.</summary>
public sealed partial class KeyValueStore
{
    private volatile string? _downgradeTarget;

    /// <summary>The version that a downgrade under way goes to; null when none is.</summary>
    public string? DowngradeTarget => _downgradeTarget;

    private object Do(DowngradeRequest request, long revision)
    {
        switch (request.Action)
        {
            case DowngradeRequest.Types.DowngradeAction.Enable when _downgradeTarget is not null:
                return StoreErrors.DowngradeInProgress;
            case DowngradeRequest.Types.DowngradeAction.Enable:
                _engine.Batch.Put([KeyLayout.Downgrade], Encoding.UTF8.GetBytes(request.Version));
                _downgradeTarget = request.Version;
                break;
            case DowngradeRequest.Types.DowngradeAction.Cancel when _downgradeTarget is null:
                return StoreErrors.NoDowngrade;
            case DowngradeRequest.Types.DowngradeAction.Cancel:
                _engine.Batch.Delete([KeyLayout.Downgrade]);
                _downgradeTarget = null;
                break;
            default:
                return StoreErrors.UnknownCommand;
        }

        return new DowngradeResponse { Header = new ResponseHeader { Revision = revision } };
    }

    private void LoadDowngrade()
    {
        using IEngineView view = _engine.OpenView();
        _downgradeTarget = view.Get([KeyLayout.Downgrade]) is { } target ? Encoding.UTF8.GetString(target) : null;
    }
}
