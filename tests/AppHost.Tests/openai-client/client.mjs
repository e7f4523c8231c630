// The official openai client, unchanged: node client.mjs BASE_URL KEY. Prints one JSON object of what it saw.
import OpenAI from 'openai';

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: 'How does a circuit breaker work?' }];
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

const models = [];
for await (const model of client.models.list()) models.push(model.id);

const whole = await client.chat.completions.create({ model: 'sim-small', messages, max_tokens: 20 });

let streamed = '';
let usage = null;
const ids = new Set();
const stream = await client.chat.completions.create({
  model: 'sim-small', messages, max_tokens: 20, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  ids.add(`${chunk.id} ${chunk.created} ${chunk.model}`);
  streamed += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}

const called = await client.chat.completions.create({
  model: 'sim-large', messages: [{ role: 'user', content: 'Use weather for Paris' }], tools: [weather],
});
const call = called.choices[0].message.tool_calls[0];
const answered = await client.chat.completions.create({
  model: 'sim-large',
  tools: [weather],
  messages: [
    { role: 'user', content: 'Use weather for Paris' },
    called.choices[0].message,
    { role: 'tool', tool_call_id: call.id, content: 'sunny' },
  ],
});

const errorOf = async (attempt) => {
  try {
    await attempt();
    return null;
  } catch (error) {
    return { status: error.status, message: error.message, code: error.code, type: error.type, param: error.param };
  }
};

console.log(JSON.stringify({
  models,
  whole: whole.choices[0].message.content,
  wholeUsage: whole.usage,
  finish: whole.choices[0].finish_reason,
  model: whole.model,
  streamed,
  ids: [...ids],
  usage,
  tool: call.function,
  answered: answered.choices[0].message.content,
  unknownModel: await errorOf(() => client.chat.completions.create({ model: 'nobody', messages })),
  badType: await errorOf(() => client.chat.completions.create({ model: 'sim-small', messages, temperature: 'hot' })),
  wrongKey: await errorOf(() => new OpenAI({ baseURL, apiKey: 'wrong', maxRetries: 0 }).models.list()),
}));
