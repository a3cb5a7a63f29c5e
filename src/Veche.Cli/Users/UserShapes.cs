namespace Veche.Cli.Users;

/// <summary>A change that was made, as JSON.</summary>
internal sealed record DoneShape(string Done);

/// <summary>A user as JSON.</summary>
internal sealed record UserShape(string User, IEnumerable<string> Roles);

/// <summary>Whether authentication is on, as JSON.</summary>
internal sealed record AuthShape(bool Enabled, ulong Revision);

/// <summary>A role as JSON.</summary>
internal sealed record RoleShape(string Role, IEnumerable<PermissionShape> Permissions);

/// <summary>What a role may do with which keys.</summary>
internal sealed record PermissionShape(string Kind, string Key, string RangeEnd);
