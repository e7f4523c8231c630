using System.Net;
using System.Net.Sockets;
using System.Text;
using AspireAgent.Testing;

namespace AspireAgent.ServiceDefaults.Tests;

/// <summary>The tool that breaks networks for other tests does what it says.</summary>
public sealed class CuttingProxyTests : IAsyncLifetime
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private CuttingProxy _proxy = null!;

    public ValueTask InitializeAsync()
    {
        _server.Start();
        _proxy = CuttingProxy.Start(((IPEndPoint)_server.LocalEndpoint).Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task Cut_Connection_BreaksAtBothEndsAndTheNextOneWorks()
    {
        using var client = await ConnectAsync();
        using var server = await AcceptAsync();
        await SendAsync(client, "hello");
        Assert.Equal("hello", await ReceiveAsync(server));

        _proxy.Cut();

        await Assert.ThrowsAnyAsync<IOException>(() => ReceiveAsync(client));
        await Assert.ThrowsAnyAsync<IOException>(() => ReceiveAsync(server));
        using var next = await ConnectAsync();
        using var nextServer = await AcceptAsync();
        await SendAsync(nextServer, "again");
        Assert.Equal("again", await ReceiveAsync(next));
    }

    [Fact]
    public async Task Refuses_NobodyConnects_UntilItForwardsAgain()
    {
        _proxy.Mode = ProxyMode.Refuses;
        await Assert.ThrowsAsync<SocketException>(ConnectAsync);

        _proxy.Mode = ProxyMode.Forwards;
        using var client = await ConnectAsync();
    }

    [Fact]
    public async Task Pauses_WhatWasSent_ArrivesLateAlsoFromAClientThatHasGone()
    {
        using var client = await ConnectAsync();
        using var server = await AcceptAsync();
        _proxy.Mode = ProxyMode.Pauses;
        await SendAsync(client, "late");
        client.Dispose();
        var received = ReceiveAsync(server);
        Assert.False(received.IsCompleted);

        _proxy.Mode = ProxyMode.Forwards;

        Assert.Equal("late", await received);
    }

    [Fact]
    public async Task LosesReplies_TheRequestArrivesAndTheClientIsCutAfterwards()
    {
        using var client = await ConnectAsync();
        using var server = await AcceptAsync();
        _proxy.Mode = ProxyMode.LosesReplies;
        await SendAsync(client, "request");
        Assert.Equal("request", await ReceiveAsync(server));
        await SendAsync(server, "reply");
        await SendAsync(client, "more");
        Assert.Equal("more", await ReceiveAsync(server));
        await Poll.UntilAsync(() => _proxy.HasLostReplies, "the reply to be lost");

        _proxy.Mode = ProxyMode.Forwards;

        await Assert.ThrowsAnyAsync<IOException>(() => ReceiveAsync(client));
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return client;
    }

    private Task<TcpClient> AcceptAsync() => _server.AcceptTcpClientAsync();

    private static Task SendAsync(TcpClient to, string text) => to.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    private static async Task<string> ReceiveAsync(TcpClient from)
    {
        var buffer = new byte[64];
        var count = await from.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        return Encoding.UTF8.GetString(buffer, 0, count);
    }
}
