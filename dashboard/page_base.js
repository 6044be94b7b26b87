const $ = (id) => document.getElementById(id);
const HERE = location.pathname.replace(/\/+$/, "");
