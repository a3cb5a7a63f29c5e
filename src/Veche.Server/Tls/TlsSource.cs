using Veche.Server.Options;

namespace Veche.Server.Tls;

/// <summary>
/// The newest usable content of the files. Each handshake looks whether they have changed, so a renewed certificate, authority or revocation list
/// takes effect without a restart. Files that cannot be used (half written, key of another certificate) leave what was there before in force.
/// </summary>
internal sealed class TlsSource
{
    private readonly TlsFiles _files;
    private readonly Action<string>? _trouble;
    private readonly Lock _lock = new();
    private TlsMaterial _current;
    private string _stamp;

    /// <exception cref="ServerStartException">A file cannot be read or is no certificate.</exception>
    public TlsSource(TlsFiles files, Action<string>? trouble)
    {
        _files = files;
        _trouble = trouble;
        _stamp = Stamp();
        _current = TlsMaterial.Load(files);
    }

    public TlsMaterial Current
    {
        get
        {
            lock (_lock)
            {
                string stamp = Stamp();
                if (stamp != _stamp)
                {
                    // Told once per change, not once per connection.
                    _stamp = stamp;
                    try
                    {
                        _current = TlsMaterial.Load(_files);
                    }
                    catch (ServerStartException exception)
                    {
                        _trouble?.Invoke(exception.Message);
                    }
                }

                return _current;
            }
        }
    }

    private string Stamp() => string.Join('|', new[] { _files.CertificateFile, _files.KeyFile, _files.TrustedCaFile, _files.RevocationFile }.OfType<string>().Select(static path =>
    {
        // Through links, because orchestrators replace a whole directory of files by changing one.
        var file = new FileInfo(path);
        FileInfo real = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        return real.Exists ? $"{real.FullName} {real.LastWriteTimeUtc.Ticks} {real.Length}" : "-";
    }));
}
