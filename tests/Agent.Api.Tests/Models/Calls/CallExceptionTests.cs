using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.RegularExpressions;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Clients;
using Microsoft.Extensions.Time.Testing;
using Polly.Timeout;

namespace AspireAgent.Agent.Tests.Models.Calls;

/// <summary>What the exceptions of clients mean.</summary>
public sealed partial class CallExceptionTests
{
    private static readonly FakeTimeProvider Time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(400, "refused")]
    [InlineData(413, "too-large")]
    [InlineData(422, "refused")]
    [InlineData(302, "misconfigured")] // a redirect is not followed: the address is wrong
    [InlineData(401, "unauthorized")]
    [InlineData(402, "misconfigured")] // no credit is left
    [InlineData(403, "unauthorized")]
    [InlineData(404, "misconfigured")]
    [InlineData(405, "misconfigured")]
    [InlineData(410, "misconfigured")] // the model is gone
    [InlineData(408, "unavailable")]
    [InlineData(409, "unavailable")]
    [InlineData(425, "unavailable")]
    [InlineData(429, "rate-limited")]
    [InlineData(500, "unavailable")]
    [InlineData(503, "unavailable")]
    [InlineData(529, "unavailable")]
    public void Of_Status_WhicheverClientTellsIt(int status, string slug)
    {
        Exception[] told =
        [
            new ClientResultException("the vendor's words", new Response(status, null)),
            new RouteRefusedException((HttpStatusCode)status, null),
            new HttpRequestException("the vendor's words", null, (HttpStatusCode)status),
        ];

        Assert.All(told, exception =>
        {
            var failed = CallException.Of("a", exception, begun: false, Time);
            Assert.Equal($"a: {slug}", failed.Message); // and none of the vendor's
            Assert.Same(exception, failed.InnerException);
            Assert.Null(failed.RetryAfter);
        });
    }

    public static TheoryData<Exception, string, string> Others { get; } = new()
    {
        { new HttpRequestException(HttpRequestError.ConnectionError, null, new SocketException(111)), "unreachable", "broken" },
        { new HttpRequestException(HttpRequestError.NameResolutionError), "unreachable", "broken" },
        { new HttpRequestException(HttpRequestError.SecureConnectionError, null, new AuthenticationException()), "unreachable", "broken" },
        { new HttpRequestException(HttpRequestError.ResponseEnded), "unreachable", "broken" },
        { new HttpIOException(HttpRequestError.ResponseEnded), "unreachable", "broken" },
        { new IOException(), "unreachable", "broken" },
        { new ClientResultException("no response", null), "unreachable", "broken" },
        { new TaskCanceledException(), "unreachable", "broken" },
        { new JsonException(), "garbled", "garbled" },
        { new FormatException(), "garbled", "garbled" },
        { new InvalidDataException(), "garbled", "garbled" },
        { new InvalidOperationException(), "garbled", "garbled" },
        { new ArgumentOutOfRangeException(), "garbled", "garbled" },
        { new ObjectDisposedException("client"), "unexpected", "unexpected" },
        { new TimeoutRejectedException(), "timeout", "timeout" },
        { new NullReferenceException(), "unexpected", "unexpected" },
        { new CallException("b", CallFailure.Busy), "busy", "busy" },
    };

    [Theory]
    [MemberData(nameof(Others), DisableDiscoveryEnumeration = true)]
    public void Of_OtherExceptions_BeforeTheAnswerAndInIt(Exception exception, string before, string within)
    {
        Assert.Equal(before, CallException.Of("a", exception, begun: false, Time).Failure.ToSlug());
        Assert.Equal(within, CallException.Of("a", exception, begun: true, Time).Failure.ToSlug());
    }

    [Theory]
    [InlineData("2", 2)]
    [InlineData("0", 0)]
    [InlineData("Thu, 01 Jan 2026 00:00:07 GMT", 7)]
    [InlineData("soon", null)]
    [InlineData(null, null)]
    public void Of_RetryAfter_SecondsOrADate(string? header, int? seconds)
    {
        TimeSpan? expected = seconds is { } known ? TimeSpan.FromSeconds(known) : null;
        var asked = RetryConditionHeaderValue.TryParse(header, out var parsed) ? parsed : null;

        Assert.Equal(expected, CallException.Of("a", new ClientResultException("", new Response(429, header)), begun: false, Time).RetryAfter);
        Assert.Equal(expected, CallException.Of("a", new RouteRefusedException(HttpStatusCode.TooManyRequests, asked), begun: false, Time).RetryAfter);
    }

    [Fact]
    public void Failures_EachHasASlugOfItsOwn()
    {
        var slugs = Enum.GetValues<CallFailure>().Select(failure => failure.ToSlug()).ToList();

        Assert.Equal(slugs.Distinct(), slugs);
        Assert.All(slugs, slug => Assert.Matches(Slug(), slug));
        Assert.Throws<ArgumentOutOfRangeException>(() => ((CallFailure)99).ToSlug());
    }

    [Fact]
    public void Failures_WhatMayBeTriedAgainAndWhatSpeaksAgainstTheRoute()
    {
        Assert.Equal(["Empty", "Garbled", "RateLimited", "Unavailable", "Unreachable"], Those(failure => failure.IsTransient()));
        Assert.Equal(["Empty", "Garbled", "Timeout"], Those(failure => !failure.IsFree()));
        Assert.Equal(
            ["BreakerOpen", "Busy", "CoolingDown", "Empty", "Recovering", "Refused", "TooLarge", "Unexpected"],
            Those(failure => !failure.CountsAgainstRoute()));

        static IEnumerable<string> Those(Func<CallFailure, bool> wanted) => Enum.GetValues<CallFailure>().Where(wanted).Select(failure => $"{failure}").Order();
    }

    [GeneratedRegex("^[a-z]+(-[a-z]+)*$")]
    private static partial Regex Slug();

    private sealed class Response(int status, string? retryAfter) : PipelineResponse
    {
        public override int Status => status;

        public override string ReasonPhrase => "";

        public override Stream? ContentStream { get; set; }

        public override BinaryData Content => BinaryData.Empty;

        protected override PipelineResponseHeaders HeadersCore { get; } = new Headers(retryAfter);

        public override BinaryData BufferContent(CancellationToken cancellationToken = default) => Content;

        public override ValueTask<BinaryData> BufferContentAsync(CancellationToken cancellationToken = default) => new(Content);

        public override void Dispose()
        {
        }
    }

    private sealed class Headers(string? retryAfter) : PipelineResponseHeaders
    {
        public override IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
            (retryAfter is null ? Enumerable.Empty<KeyValuePair<string, string>>() : [new("Retry-After", retryAfter)]).GetEnumerator();

        public override bool TryGetValue(string name, out string? value)
        {
            value = string.Equals(name, "Retry-After", StringComparison.OrdinalIgnoreCase) ? retryAfter : null;
            return value is not null;
        }

        public override bool TryGetValues(string name, out IEnumerable<string>? values)
        {
            values = TryGetValue(name, out var value) ? [value!] : null;
            return values is not null;
        }
    }
}
