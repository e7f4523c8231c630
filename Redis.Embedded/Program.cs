using System.Runtime.InteropServices;
using Garnet;

// Microsoft Garnet as a process of its own: a Redis-protocol server for machines with neither a container runtime nor a
// Redis. Everything comes by environment: REDIS_PORT, REDIS_PASSWORD, REDIS_DATA (a directory).
if (Environment.GetEnvironmentVariable("REDIS_PORT") is not { Length: > 0 } port
    || Environment.GetEnvironmentVariable("REDIS_PASSWORD") is not { Length: > 0 } password
    || Environment.GetEnvironmentVariable("REDIS_DATA") is not { Length: > 0 } data)
{
    await Console.Error.WriteLineAsync("REDIS_PORT, REDIS_PASSWORD and REDIS_DATA must be set.");
    return 2;
}

string[] options =
[
    "--bind", "127.0.0.1", "--port", port,
    "--auth", "Password", "--password", password,

    // Scripts, and atomic ones.
    "--lua", "true", "--lua-transaction-mode", "true",

    // An acknowledged write survives kill -9; the log does not grow without bound.
    "--aof", "true", "--aof-commit-wait", "true", "--aof-size-limit", "64m", "--aof-segment-size", "32m",
    "--recover", "true", "--checkpointdir", data,

    // A connection that waits for a script's keys, or for the disk, holds a thread. With as few as the machine has cores, those that
    // wait leave none to the one that they wait for: nothing is answered any more until they hang up.
    "--minthreads", "1024",

    // The native device ends the process on some distributions.
    "--device-type", "RandomAccess",
    "--memory", "256m", "--page", "4m", "--index", "16m",
    "--logger-level", "Warning",
];

using var stopping = new ManualResetEventSlim();
using var sigterm = PosixSignalRegistration.Create(
    PosixSignal.SIGTERM, Stop);
using var sigint = PosixSignalRegistration.Create(
    PosixSignal.SIGINT, Stop);
using var server = new GarnetServer(options);
server.Start();
stopping.Wait();
return 0;

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stopping.Set();
}
