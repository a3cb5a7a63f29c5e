using System.Buffers.Binary;
using System.Text;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store.Auth;

/// <summary>Users, roles and what else belongs to them, in the engine. After the byte of kind comes one that says which.</summary>
internal static class AuthKeys
{
    private const byte StateKind = (byte)'s';
    public const byte UserKind = (byte)'u';
    public const byte RoleKind = (byte)'r';

    /// <summary>One byte that is 1 when authentication is on, and the revision, little-endian.</summary>
    public const int StateLength = 9;

    public static byte[] State => [KeyLayout.Auth, StateKind];

    public static byte[] User(string name) => [KeyLayout.Auth, UserKind, .. Encoding.UTF8.GetBytes(name)];

    public static byte[] Role(string name) => [KeyLayout.Auth, RoleKind, .. Encoding.UTF8.GetBytes(name)];

    public static byte[] EncodeState(bool isEnabled, ulong revision)
    {
        byte[] bytes = new byte[StateLength];
        bytes[0] = isEnabled ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), revision);
        return bytes;
    }

    public static AuthView Read(IEngineView view)
    {
        bool isEnabled = false;
        ulong revision = AuthView.FirstRevision;
        var users = AuthView.Empty.Users.ToBuilder();
        var roles = AuthView.Empty.Roles.ToBuilder();
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.Auth]); iterator.IsValid && iterator.Key[0] == KeyLayout.Auth; iterator.Next())
        {
            switch (iterator.Key[1])
            {
                case StateKind:
                    isEnabled = iterator.Value[0] == 1;
                    revision = BinaryPrimitives.ReadUInt64LittleEndian(iterator.Value[1..]);
                    break;
                case UserKind:
                    User user = Api.User.Parser.ParseFrom(iterator.Value);
                    users.Add(user.Name.ToStringUtf8(), user);
                    break;
                case RoleKind:
                    Role role = Api.Role.Parser.ParseFrom(iterator.Value);
                    roles.Add(role.Name.ToStringUtf8(), role);
                    break;
            }
        }

        return new AuthView(isEnabled, revision, users.ToImmutable(), roles.ToImmutable());
    }
}
