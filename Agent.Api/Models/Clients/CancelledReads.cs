namespace AspireAgent.Agent.Models.Clients;

/// <summary>
/// The body of a response that ends with its call, and with it the connection: each of its reads does, also where the reader hands on no
/// token, and so does a body that nobody has begun to read.
/// </summary>
internal sealed class CancelledReads : Stream
{
    private readonly Stream _body;
    private readonly CancellationToken _call;
    private readonly CancellationTokenRegistration _unread;

    public CancelledReads(Stream body, CancellationToken call)
    {
        (_body, _call) = (body, call);
        _unread = call.UnsafeRegister(unread => ((Stream)unread!).Dispose(), body);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _unread.Unregister(); // who reads closes
        return _body.ReadAsync(buffer, _call);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => _body.Read(buffer, offset, count);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unread.Unregister();
            _body.Dispose();
        }

        base.Dispose(disposing);
    }
}
