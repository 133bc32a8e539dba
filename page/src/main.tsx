/** The collector's page. */
import { render } from 'preact';
import { App } from './app.js';
import './style/tokens.css';
import './style/page.css';

const root = document.getElementById('page');
if (root) render(<App />, root);
