using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Store;
using Veche.Store.Auth;

namespace Veche.Server.Auth;

/// <summary>A lease belongs to nobody; what somebody may do with it follows from the keys that hang on it.</summary>
internal static class LeasePermissions
{
    /// <summary>Who keeps a lease alive keeps its keys, so that is for those who may write them.</summary>
    /// <exception cref="StoreException">They may not.</exception>
    public static void RefuseUnlessMayKeep(KeyValueStore store, Caller? caller, long lease)
    {
        if (store.CheckKeep(caller, lease) is { } denied)
        {
            throw new StoreException(denied);
        }
    }

    /// <summary>The names of keys are only told to those who may read the keys.</summary>
    /// <exception cref="Grpc.Core.RpcException">They may not.</exception>
    public static void RefuseUnlessMayRead(AuthView auth, Caller? caller, IEnumerable<ByteString> keys) =>
        Refuse(auth.CheckAdministrator(caller) is null ? null : First(keys, key => auth.CheckRead(caller, key, ByteString.Empty)));

    /// <summary>That a lease is there is only told to those who may read its keys.</summary>
    /// <exception cref="Grpc.Core.RpcException">They may not.</exception>
    public static void RefuseUnlessMaySee(KeyValueStore store, Caller? caller, long lease)
    {
        AuthView auth = store.Auth;
        if (auth.CheckAdministrator(caller) is not null)
        {
            RefuseUnlessMayRead(auth, caller, store.KeysOf(lease));
        }
    }

    private static StoreError? First(IEnumerable<ByteString> keys, Func<ByteString, StoreError?> check) => keys.Select(check).FirstOrDefault(static denied => denied is not null);

    private static void Refuse(StoreError? denied)
    {
        if (denied is not null)
        {
            throw Errors.Of(denied);
        }
    }
}
