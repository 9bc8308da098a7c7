const scores = await (await fetch('/api/scores')).json();
document.getElementById('app').textContent = `${scores.length} players, you are at ${location.pathname}`;
