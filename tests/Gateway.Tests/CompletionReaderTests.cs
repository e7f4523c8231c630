using System.Text;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Gateway.Protocols.OpenAi;

namespace AspireAgent.Gateway.Tests;

public class CompletionReaderTests
{
    [Fact]
    public void Read_Conversation_IsHistoryAndInput()
    {
        var call = Read("""
            {"model":"agent","stream":true,"stream_options":{"include_usage":true},"temperature":0.2,"max_completion_tokens":9,"stop":"x",
             "unknown_to_us":1,"messages":[
              {"role":"developer","content":"rules"},
              {"role":"user","content":[{"type":"text","text":"one "},{"type":"text","text":"two"}]},
              {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"c","content":"r"},
              {"role":"user","content":"last"}]}
            """);

        Assert.Equal("last", call.Input);
        Assert.Equal([("system", "rules"), ("user", "one two"), ("assistant", ""), ("tool", "r")], call.History.Select(message => (message.Role, message.Text)));
        Assert.Equal("f", call.History[2].ToolCalls![0].Name);
        Assert.Equal("c", call.History[3].ToolCallId);
        Assert.True(call is { Stream: true, IncludeUsage: true });
        Assert.Null(call.Options.Model);
        Assert.Equal((0.2, 9), (call.Options.Temperature, call.Options.MaxOutputTokens));
        Assert.Equal(["x"], call.Options.Stop);
    }

    [Fact]
    public void Read_LastMessageIsAToolsAnswer_IsAllHistory()
    {
        var call = Read("""{"model":"m","messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"c","content":"r"}]}""");
        Assert.Equal(("", 2, "m"), (call.Input, call.History.Count, call.Options.Model));
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"tool","content":"r"}]}""", "messages.[0].tool_call_id")]
    [InlineData("""{"model":"m","messages":[{"content":"r"}]}""", "messages.[0].role")]
    [InlineData("""{"model":"m","messages":[null]}""", "messages.[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":5}]}""", "messages.[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"stop":[1]}""", "stop")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"stop":["1","2","3","4","5"]}""", "stop")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]}""", "tools")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":0}""", "max_completion_tokens")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"top_p":2}""", "top_p")]
    [InlineData("""{"model":5,"messages":[{"role":"user","content":"a"}]}""", "model")]
    [InlineData("null", null)]
    [InlineData("", null)]
    public void Read_Malformed_NamesTheParameter(string body, string? param)
    {
        var error = Assert.Throws<CompletionException>(() => Read(body));
        Assert.Equal(400, error.Status);
        Assert.Equal(param, (string?)error.ToJson()["error"]!["param"]);
    }

    [Theory]
    [InlineData("""5""", false)]
    [InlineData("\"json_object\"", false)]
    [InlineData("""{}""", false)]
    [InlineData("""{"type":5}""", false)]
    [InlineData("""{"type":null}""", false)]
    [InlineData("""{"type":"xml"}""", false)]
    [InlineData("""{"type":"json_schema"}""", false)]
    [InlineData("""{"type":"json_schema","json_schema":5}""", false)]
    [InlineData("""{"type":"json_schema","json_schema":{"schema":{}}}""", false)]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","schema":5}}""", false)]
    [InlineData("""null""", true)]
    [InlineData("""{"type":"text"}""", true)]
    [InlineData("""{"type":"json_object"}""", true)]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}}""", true)]
    public void Read_ResponseFormat_IsOneThatWeKnow(string format, bool known)
    {
        CompletionCall Call() => Read("""{"model":"m","messages":[{"role":"user","content":"a"}],"response_format":""" + format + "}");
        if (known)
        {
            Assert.Equal(format != "null", Call().Options.ResponseFormat is not null);
        }
        else
        {
            Assert.Equal("response_format", (string?)Assert.Throws<CompletionException>(Call).ToJson()["error"]!["param"]);
        }
    }

    [Theory]
    [InlineData("budget-exhausted", 429)]
    [InlineData("cost-breaker-open", 429)]
    [InlineData("model-timeout", 504)]
    [InlineData("model-error", 502)]
    [InlineData("model-refused", 400)]
    [InlineData("interrupted", 503)]
    public void OfTurn_EachSlug_HasItsStatus(string error, int status) =>
        Assert.Equal(status, CompletionException.OfTurn(new TurnFailed(error, Retriable: true)).Status);

    [Fact]
    public void OfTurn_BackInPartOfASecond_SaysAWholeOne() =>
        Assert.Equal(3, CompletionException.OfTurn(new TurnFailed("budget-exhausted", Retriable: true, RetryAfterSeconds: 2.1)).RetryAfterSeconds);

    private static CompletionCall Read(string body) => CompletionReader.Read(Encoding.UTF8.GetBytes(body));
}
